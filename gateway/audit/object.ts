const PREFIX = /^\/api\/v\d+\/(?:admin\/)?/;

/**
 * What a route acts on, as its path names it: up to its last parameter, without what all paths have in common and the verb behind.
 * `/api/v1/admin/partners/:partnerId/suspend` → `partners/acme`; `/api/v1/admin/partners` → `partners`.
 */
export const objectOf = (path: string, params: Readonly<Record<string, string>>): string => {
  const parts = path.replace(PREFIX, '').split('/');
  const last = parts.findLastIndex((part) => part.startsWith(':'));
  return parts
    .slice(0, last === -1 ? parts.length : last + 1)
    .map((part) => (part.startsWith(':') ? (params[part.slice(1)] ?? '') : part))
    .join('/');
};

/** Of what was made. */
export const objectOfLocation = (location: string | undefined): string | undefined =>
  location?.startsWith('/api/') ? location.replace(PREFIX, '').split('/').map(decoded).join('/') : undefined;

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};
