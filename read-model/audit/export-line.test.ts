import assert from 'node:assert/strict';
import type { RawEvent } from '@sagahub/contracts/ports/event-store.ts';
import fc from 'fast-check';
import { LogCursors } from '../log-cursor.ts';
import { exportLine, parseExportLine } from './export-line.ts';

const cursors = new LogCursors('log');
const event = (bytes: string): RawEvent => ({ position: 7n, stream: 'order-"x', revision: 3, hash: 'ab', bytes });

describe('exported line', () => {
  it('gives the exact bytes back, whatever stands in them', () => {
    const json = fc.record({ time: fc.string(), data: fc.jsonValue() }).map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(
        fc.oneof(json, fc.string({ unit: 'binary' })),
        fc.option(fc.dictionary(fc.string(), fc.jsonValue()), { nil: undefined }),
        (bytes, personal) => {
          const line = exportLine(event(bytes.toWellFormed()), cursors, personal && { ...personal });
          assert.equal(line.includes('\n'), false);
          assert.deepEqual(parseExportLine(line), event(bytes.toWellFormed()));
        },
      ),
    );
  });

  it('is one JSON object, with place and hash beside the members of the event', () => {
    const line = exportLine(event('{"time":"t","type":"OrderReceived"}'), cursors);
    assert.deepEqual(JSON.parse(line), {
      position: cursors.encode(7n),
      stream: 'order-"x',
      revision: 3,
      hash: 'ab',
      time: 't',
      type: 'OrderReceived',
    });
  });

  it('refuses a line whose place was written by somebody else', () => {
    const line = exportLine(event('{"time":"t"}'), cursors);
    assert.throws(() => parseExportLine(line.replace('{"position"', '{ "position"')), /not as the hub exported it/);
    assert.throws(() => parseExportLine('{}'));
  });
});
