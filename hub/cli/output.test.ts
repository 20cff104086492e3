import assert from 'node:assert/strict';
import { facts, table } from './output.ts';

describe('what the command line prints', () => {
  it('writes names of members as words, and leaves out what is undefined', () => {
    assert.equal(facts({ firstFailedAt: 'x', ERP: 'E-1', note: undefined }), 'first failed at  x\nERP              E-1');
  });

  it('writes times within a text as those in a column', () => {
    const text = table(['why'], [['nothing is sent since 2026-11-20T10:00:00.123Z: 503; again at 2026-11-20T10:00:10Z']]);
    assert.equal(text, 'why\nnothing is sent since 2026-11-20 10:00:00: 503; again at 2026-11-20 10:00:10');
  });
});
