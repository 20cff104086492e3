import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { filesOf, read, ROOT } from './source-files.ts';

const pages = filesOf('*.md', '{docs,observability,k8s}/**/*.md');

/** As GitHub makes them of headings. */
const anchorsOf = (page: string): ReadonlySet<string> =>
  new Set(
    [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .trim()
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

describe('documentation', () => {
  it('links to files and headings that exist', () => {
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
        if (/^\w+:/.test(link)) return [];
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? page : normalize(join(dirname(page), path));
        if (!existsSync(join(ROOT, target))) return [`${page}: ${link}`];
        return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor) ? [`${page}: ${link}`] : [];
      }),
    );
    assert.deepEqual(broken, []);
  });

  it('names test files that exist', () => {
    const missing = pages.flatMap((page) =>
      [...read(page).matchAll(/(?<![\w/>-])[\w/-]+\.(?:test|contract)\.ts\b/g)]
        .map(([name]) => name)
        .filter((name) => name.includes('/') && !existsSync(join(ROOT, name)))
        .map((name) => `${page}: ${name}`),
    );
    assert.deepEqual(missing, []);
  });

  it('names tests of the security page by titles that they have', () => {
    const named = [...read('docs/security.md').matchAll(/`([\w/.-]+\.test\.ts)`[^*|;]*((?:\*[^*]+\*(?:, )?)+)/g)].flatMap(
      ([, file = '', titles = '']) => [...titles.matchAll(/\*([^*]+)\*/g)].map(([, title = '']) => ({ file, title })),
    );
    assert.ok(named.length > 30, String(named.length));
    assert.deepEqual(
      named.filter(({ file, title }) => !read(file).includes(title)),
      [],
    );
  });
});
