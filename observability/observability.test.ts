import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS, type MetricSpec, prometheusLabel, prometheusSeries } from '@sagahub/contracts/telemetry-names.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { parse } from 'yaml';

const HERE = import.meta.dirname;
const read = (path: string): string => readFileSync(join(HERE, path), 'utf8');

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
const rules: readonly Rule[] = parse(read('prometheus/rules.yml')).groups.flatMap((group: { rules: Rule[] }) => group.rules);
const alerts = rules.flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]));
const panels: readonly any[] = JSON.parse(read('grafana/dashboards/sagahub.json')).panels;
const queries: readonly string[] = panels.flatMap((panel) => (panel.targets ?? []).map((target: { expr: string }) => target.expr));

/** What a scrape knows without us. */
const SCRAPE_LABELS = ['job', 'instance', 'le'];
const labelsOf = (metric: MetricSpec) => [...metric.labels.map(prometheusLabel), ...SCRAPE_LABELS];
const known = new Map<string, readonly string[]>([
  ['up', SCRAPE_LABELS],
  ...Object.values(METRICS).flatMap((metric) =>
    prometheusSeries(metric).map((series): [string, readonly string[]] => [series, labelsOf(metric)]),
  ),
  ...rules.filter((rule) => rule.record).map((rule): [string, readonly string[]] => [rule.record ?? '', ['job']]),
]);

const WORDS = new Set(
  'sum max min avg count rate increase by on or and unless absent offset topk histogram_quantile predict_linear bool without'.split(' '),
);
/** Names of series in an expression: what is left after strings, label matchers, ranges, groupings, functions and numbers are taken out. */
const seriesIn = (expression: string): string[] =>
  (
    expression
      .replaceAll(/"[^"]*"/g, '""')
      .replaceAll(/\{[^}]*\}/g, '')
      .replaceAll(/\[[^\]]*\]/g, '')
      .replaceAll(/\boffset\s+\w+/g, '')
      .replaceAll(/\b(by|without|on)\s*\([^)]*\)/g, '')
      .match(/[a-zA-Z_:][\w:]*/g) ?? []
  ).filter((word) => !WORDS.has(word));
/** Labels an expression matches or groups by, with the series they must belong to. */
const labelsIn = (expression: string): string[] => [
  ...[...expression.matchAll(/\b(?:by|without|on)\s*\(([^)]*)\)/g)].flatMap((match) =>
    (match[1] ?? '').split(',').map((label) => label.trim()),
  ),
  ...[...expression.matchAll(/\{([^}]*)\}/g)].flatMap((match) =>
    [...(match[1] ?? '').matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map((label) => label[1] ?? ''),
  ),
];

const assertKnown = (expression: string): void => {
  const series = seriesIn(expression);
  assert.ok(series.length > 0, `no series in: ${expression}`);
  for (const name of series) assert.ok(known.has(name), `${name} is not emitted: ${expression}`);
  const labels = new Set(series.flatMap((name) => known.get(name) ?? []));
  for (const label of labelsIn(expression))
    assert.ok(labels.has(label), `no series of this expression has the label ${label}: ${expression}`);
};

const alertNames = alerts.map(({ alert }) => alert);
const assertSameNames = (actual: readonly string[], expected: readonly string[]): void =>
  assert.deepEqual(actual.toSorted(), expected.toSorted());

describe('observability', () => {
  it('asks only for metrics and labels that the hub emits, in every alert and recording rule', () => {
    assert.ok(rules.length > 20);
    for (const rule of rules) assertKnown(rule.expr);
  });

  it('asks only for metrics and labels that the hub emits, in every panel of the dashboard', () => {
    assert.ok(queries.length > 40);
    for (const query of queries) assertKnown(query);
  });

  it('shows every metric that the hub emits on the dashboard', () => {
    const shown = new Set(queries.flatMap(seriesIn));
    const hidden = Object.values(METRICS).filter((metric) => !prometheusSeries(metric).some((series) => shown.has(series)));
    assert.deepEqual(
      hidden.map((metric) => metric.name),
      [],
    );
  });

  it('gives every panel its own id and place, and every alert a severity, a summary and a section of the runbook', () => {
    assert.equal(new Set(panels.map((panel) => panel.id)).size, panels.length);
    assert.equal(new Set(panels.map(({ gridPos: { x, y } }) => `${x},${y}`)).size, panels.length);
    for (const { alert, labels, annotations } of alerts) {
      assert.match(labels?.['severity'] ?? '', /^(page|ticket)$/, alert);
      assert.ok(annotations?.['summary'], alert);
      assert.equal(annotations?.['runbook'], `docs/operations.md#${alert.toLowerCase()}`);
    }
  });

  it('has a section of the operations guide for every alert, and none for others', () => {
    const headings = [...read('../docs/operations.md').matchAll(/^### (Hub\w+)$/gm)].map((match) => match[1] ?? '');
    assertSameNames(headings, alertNames);
  });

  it('tests every alert firing and not firing', () => {
    const cases: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[] = ['rules', 'slow-burn']
      .flatMap((name) => parse(read(`prometheus/${name}.test.yml`)).tests)
      .flatMap((test: { alert_rule_test: [] }) => test.alert_rule_test);
    for (const { alert } of alerts) {
      const own = cases.filter((one) => one.alertname === alert);
      assert.ok(
        own.some((one) => one.exp_alerts.length > 0),
        `${alert} is never seen firing`,
      );
      assert.ok(
        own.some((one) => one.exp_alerts.length === 0),
        `${alert} is never seen silent`,
      );
    }
    assertSameNames([...new Set(cases.map((one) => one.alertname))], alertNames);
  });

  it('passes promtool: configuration, rules, and the tests of the rules', function () {
    const promtool = (process.env['PATH'] ?? '')
      .split(':')
      .map((folder) => join(folder, 'promtool'))
      .find(existsSync);
    if (!promtool) return skip(this, 'promtool is not installed (Debian package prometheus)');
    const run = (...args: string[]): string =>
      execFileSync(promtool, args, { cwd: join(HERE, 'prometheus'), encoding: 'utf8', stdio: 'pipe' });
    assert.match(run('check', 'config', 'prometheus.yml'), /SUCCESS/);
    assert.match(run('check', 'rules', 'rules.yml'), /SUCCESS/);
    assert.doesNotMatch(run('test', 'rules', 'rules.test.yml', 'slow-burn.test.yml'), /FAILED/);
  });

  it('is valid YAML with the ids that refer to each other', () => {
    const datasources: readonly { readonly uid: string }[] = parse(read('grafana/provisioning/datasources/sagahub.yaml')).datasources;
    const uids = new Set(datasources.map(({ uid }) => uid));
    for (const panel of panels) if (panel.datasource) assert.ok(uids.has(panel.datasource.uid));
    for (const file of ['otel-collector/config.yaml', 'jaeger/config.yaml']) {
      const { service, ...parts } = parse(read(file));
      for (const pipeline of Object.values<Record<string, string[]>>(service.pipelines))
        for (const [kind, names] of Object.entries(pipeline))
          for (const name of names) assert.ok(name in parts[kind], `${file}: ${name} is not one of its ${kind}`);
      for (const name of service.extensions) assert.ok(name in parts.extensions, `${file}: ${name}`);
    }
  });
});
