/**
 * Waits until a condition holds, for things another process or thread does in its own time. The limit only bounds a
 * failing test; a passing one takes as long as the thing takes.
 */
export const eventually = async (what: string, holds: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> => {
  const giveUpAtMs = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > giveUpAtMs) throw new Error(`within ${limitMs} ms it did not happen that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};
