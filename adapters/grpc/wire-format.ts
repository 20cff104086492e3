import { isUtf8 } from 'node:buffer';
import { type Fault, MalformedRequestError, ValidationError } from '@sagahub/contracts/errors.ts';

/** What of a protobuf descriptor the check looks at. */
export interface MessageType {
  readonly field: readonly {
    readonly name: string;
    readonly number: number;
    /** e.g. `TYPE_STRING` */
    readonly type: string;
    readonly typeName: string;
    readonly label: string;
  }[];
  /** Entries of maps. */
  readonly nestedType: readonly (MessageType & { readonly name: string; readonly options?: { readonly mapEntry?: boolean } | null })[];
}

const VARINT = 0;
const FIXED_64 = 1;
const DELIMITED = 2;
const FIXED_32 = 5;
const WIRE_TYPES: Readonly<Record<string, number>> = { TYPE_STRING: DELIMITED, TYPE_MESSAGE: DELIMITED, TYPE_UINT32: VARINT };

/**
 * Holds a message to its definition before it is decoded: decoders skip fields they do not know, read those of another kind as what they
 * are not, and mend broken text. Over HTTP all of that is refused, and so it is here.
 *
 * @throws ValidationError fields that the contract does not know, or of another kind; MalformedRequestError no protobuf, or no UTF-8
 */
export const checkWireFormat = (bytes: Uint8Array, typeName: string, types: ReadonlyMap<string, MessageType>): void => {
  const faults: Fault[] = [];
  checkMessage(new Cursor(bytes), types.get(typeName)!, types, '#', faults);
  if (faults.length > 0) throw new ValidationError(faults);
};

const checkMessage = (cursor: Cursor, type: MessageType, types: ReadonlyMap<string, MessageType>, path: string, faults: Fault[]): void => {
  const seen = new Map<number, number>();
  while (!cursor.ended) {
    const tag = cursor.varint();
    const [number, wireType] = [tag >>> 3, tag & 7];
    const value = cursor.value(wireType);
    const field = type.field.find((known) => known.number === number);
    if (!field) {
      faults.push({ pointer: `${path}/${number}`, code: 'unknown-field', detail: `there is no field number ${number} here` });
      continue;
    }
    const place = seen.get(number) ?? 0;
    seen.set(number, place + 1);
    const pointer = `${path}/${field.name}${field.label === 'LABEL_REPEATED' ? `/${place}` : ''}`;
    if (wireType !== WIRE_TYPES[field.type])
      faults.push({ pointer, code: 'wrong-type', detail: `is sent as wire type ${wireType}, which is no ${kindOf(field.type)}` });
    else if (field.type === 'TYPE_STRING' && !isUtf8(value)) throw new MalformedRequestError(`${pointer} is not valid UTF-8`);
    else if (field.type === 'TYPE_MESSAGE') {
      const inner = types.get(field.typeName) ?? type.nestedType.find(({ name }) => name === field.typeName);
      if (inner) checkMessage(new Cursor(value), inner, types, pointer, faults);
    }
  }
};

const kindOf = (type: string): string => type.replace('TYPE_', '').toLowerCase();

const BROKEN = 'the message is no protobuf of this contract: it ends, or has an unknown wire type, in the middle of a field';
const NOTHING = new Uint8Array();

class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The lower 32 bits. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new MalformedRequestError(BROKEN);
  }

  /** The bytes of a delimited value; nothing of any other, which is skipped. */
  value(wireType: number): Uint8Array {
    switch (wireType) {
      case VARINT:
        this.varint();
        return NOTHING;
      case FIXED_64:
        return this.#skip(8).subarray(0, 0);
      case FIXED_32:
        return this.#skip(4).subarray(0, 0);
      case DELIMITED:
        return this.#skip(this.varint());
      default:
        throw new MalformedRequestError(BROKEN);
    }
  }

  #skip(length: number): Uint8Array {
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new MalformedRequestError(BROKEN);
    return this.#bytes.subarray(from, this.#at);
  }
}
