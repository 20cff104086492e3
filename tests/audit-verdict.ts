export interface AuditVerdict {
  /** `undefined`: nobody knows, since the registry did not tell. */
  readonly isClean: boolean | undefined;
  readonly text: string;
}

interface Report {
  readonly metadata?: { readonly vulnerabilities: { readonly total: number }; readonly dependencies: { readonly total: number } };
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly severity: string; readonly via: readonly (string | { readonly title: string })[] }>
  >;
  readonly message?: string;
  readonly error?: { readonly summary?: string };
}

/**
 * What `npm audit --json` says, in words. Many mirrors do not tell what is vulnerable, and answer with an error: that is no fault of what is
 * tested, and no proof either, so it is told in capitals and fails nothing.
 */
export const auditVerdict = (answer: string): AuditVerdict => {
  const report = parsed(answer);
  const total = report?.metadata?.vulnerabilities.total;
  if (total === undefined) {
    const reason = report?.error?.summary || report?.message || answer.trim().split('\n', 1)[0] || 'no answer in time';
    return {
      isClean: undefined,
      text: `Vulnerabilities: NOT CHECKED, this registry does not tell (${reason}). Ask one that does: npm audit --omit=dev`,
    };
  }
  if (total === 0)
    return { isClean: true, text: `Vulnerabilities: none known in the ${report?.metadata?.dependencies.total} packages of the lockfile` };
  const found = Object.entries(report?.vulnerabilities ?? {}).map(
    ([name, { severity, via }]) =>
      `  ${name}: ${severity}, ${via.map((one) => (typeof one === 'string' ? `by ${one}` : one.title)).join('; ')}`,
  );
  return { isClean: false, text: [`Vulnerabilities: ${total} known`, ...found].join('\n') };
};

const parsed = (answer: string): Report | undefined => {
  try {
    return JSON.parse(answer) as Report;
  } catch {
    return undefined;
  }
};
