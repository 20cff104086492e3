import { AppendTooLargeError } from '@sagahub/contracts/errors.ts';
import { encodeEvent } from '@sagahub/contracts/event-codec.ts';
import { type Append, MAX_APPEND_BYTES } from '@sagahub/contracts/ports/event-store.ts';

const TIME_PATTERN = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The text of each event. Throws on what no store may take: no event, a time of another form, too many bytes. */
export const encodeAppend = ({ stream, events }: Append): string[] => {
  if (events.length === 0) throw new TypeError(`an append to ${stream} needs at least one event`);
  let units = 0;
  const texts = events.map((event) => {
    if (!TIME_PATTERN.test(event.metadata.time))
      throw new TypeError(`the time of an event is ${event.metadata.time}, not ISO 8601 UTC with milliseconds`);
    const text = encodeEvent(event);
    units += text.length;
    return text;
  });
  if (units * 3 <= MAX_APPEND_BYTES) return texts; // a UTF-16 unit takes at most three bytes
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > MAX_APPEND_BYTES) throw new AppendTooLargeError(stream, bytes, MAX_APPEND_BYTES);
  return texts;
};
