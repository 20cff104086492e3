import assert from 'node:assert/strict';
import { inWordsOf, namesOf } from './names.ts';

describe('names of a new flow', () => {
  it('have their plural, unless another one is given', () => {
    assert.deepEqual(namesOf('claim'), { one: 'claim', many: 'claims' });
    assert.deepEqual(namesOf('inquiry').many, 'inquiries');
    assert.deepEqual(namesOf('survey').many, 'surveys');
    assert.deepEqual(namesOf('dispatch').many, 'dispatches');
    assert.deepEqual(namesOf('crisis', 'crises').many, 'crises');
  });

  it('are one plain word that nothing else in the hub is called', () => {
    for (const name of ['', 'Claim', 'chat-message', 'ab', '../x']) assert.throws(() => namesOf(name), /is no name of a flow/, name);
    assert.throws(() => namesOf('order'), /order is taken/);
    assert.throws(() => namesOf('sheep', 'sheep'), /is no plural of sheep/);
  });

  it('stand wherever the skeleton has its own', () => {
    const text = 'sample Sample SAMPLE samples Samples SAMPLES sampleId SampleReceived';
    assert.equal(inWordsOf(namesOf('inquiry'))(text), 'inquiry Inquiry INQUIRY inquiries Inquiries INQUIRIES inquiryId InquiryReceived');
  });
});
