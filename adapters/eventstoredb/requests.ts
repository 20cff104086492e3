import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import streamsPb from '@eventstore/db-client/generated/streams_pb.js';

/** Where a read begins. In the whole log a page forwards includes the event at a position, one backwards does not; a subscription begins behind it. */
export type From = 'start' | 'end' | bigint;

/**
 * Positions that the server looks at before it tells a filtered subscription how far it is. A silent one is found by this too: when more than
 * these went by without a word, it is dead.
 */
export const CHECKPOINT_EVERY = 100;

const BACKWARDS = 1;
const { Options } = streamsPb.ReadReq;

export const streamRequest = (stream: string, from: From, count: number, isBackwards = false): streamsPb.ReadReq => {
  const place = new Options.StreamOptions().setStreamIdentifier(identifierOf(stream));
  if (from === 'start') place.setStart(new sharedPb.Empty());
  else if (from === 'end') place.setEnd(new sharedPb.Empty());
  else place.setRevision(String(from));
  const options = basic(isBackwards).setStream(place).setCount(String(count)).setNoFilter(new sharedPb.Empty());
  return new streamsPb.ReadReq().setOptions(options);
};

/** @param streams regular expression of the streams' names */
export const pageRequest = (streams: string, from: From, count: number, isBackwards = false): streamsPb.ReadReq =>
  new streamsPb.ReadReq().setOptions(basic(isBackwards).setAll(placeInAll(from)).setCount(String(count)).setFilter(filterOf(streams)));

export const subscriptionRequest = (streams: string, from: From): streamsPb.ReadReq =>
  new streamsPb.ReadReq().setOptions(
    basic(false).setAll(placeInAll(from)).setSubscription(new Options.SubscriptionOptions()).setFilter(filterOf(streams)),
  );

export const identifierOf = (stream: string): sharedPb.StreamIdentifier =>
  new sharedPb.StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8').toString('base64'));

const basic = (isBackwards: boolean): streamsPb.ReadReq.Options =>
  new Options()
    .setUuidOption(new Options.UUIDOption().setStructured(new sharedPb.Empty()))
    .setReadDirection(isBackwards ? BACKWARDS : 0)
    .setResolveLinks(false);

const placeInAll = (from: From): streamsPb.ReadReq.Options.AllOptions => {
  const place = new Options.AllOptions();
  if (from === 'start') return place.setStart(new sharedPb.Empty());
  if (from === 'end') return place.setEnd(new sharedPb.Empty());
  return place.setPosition(new Options.Position().setCommitPosition(String(from)).setPreparePosition(String(from)));
};

const filterOf = (streams: string): streamsPb.ReadReq.Options.FilterOptions =>
  new Options.FilterOptions()
    .setStreamIdentifier(new Options.FilterOptions.Expression().setRegex(streams))
    .setMax(CHECKPOINT_EVERY)
    .setCheckpointintervalmultiplier(1);
