/** A message of an event stream. */
export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly data: string;
}

/** Messages of an event stream from its lines (WHATWG HTML, 9.2.6); comments and heartbeats are left out. */
export async function* serverSentEvents(lines: AsyncIterable<string>): AsyncGenerator<ServerSentEvent> {
  let data: string[] = [];
  let id: string | undefined;
  for await (const raw of lines) {
    const line = raw.replace(/\r$/, '');
    if (line === '') {
      if (data.length > 0) yield { id, data: data.join('\n') };
      data = [];
      continue;
    }
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (field === 'data') data.push(value);
    else if (field === 'id') id = value;
  }
}
