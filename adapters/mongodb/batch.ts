import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import type { DocumentPut, FieldValue } from '@sagahub/contracts/ports/document-store.ts';
import type { Db, Document } from 'mongodb';
import { RecentMap } from '@sagahub/contracts/recent-map.ts';
import { type Layout, scalarOf, type StoredForm } from './layout.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Documents of one write by the name of their collection in the database. */
export type Batch = ReadonlyMap<string, readonly StoredForm[]>;

/** A command may carry 48 MB and 100,000 writes; these keep it from holding the server up for long. */
const MAX_DOCUMENTS = 1_000;
const MAX_CHARACTERS = 8_000_000;
const DUPLICATE_KEY = 11_000;

/**
 * Of puts of the same document only the highest counts.
 * @throws TypeError a put cannot be written
 */
export const batchOf = (
  puts: readonly DocumentPut[],
  layoutOf: (collection: string) => Layout,
  nameOf: (collection: string) => string,
): Batch => {
  const batch = new Map<string, Map<string, StoredForm>>();
  for (const { collection, id, revision, body } of puts) {
    if (!Number.isSafeInteger(revision)) throw new TypeError(`the revision of ${id} in ${collection} is not a whole number`);
    const fields: Record<string, FieldValue> = {};
    for (const field of layoutOf(collection).fields) {
      const value = scalarOf(body[field]);
      if (value !== undefined) fields[field] = value;
    }
    const name = nameOf(collection);
    let documents = batch.get(name);
    if (!documents) batch.set(name, (documents = new Map()));
    const earlier = documents.get(id);
    if (!earlier || earlier.revision < revision) documents.set(id, { _id: id, revision, fields, body: JSON.stringify(body) });
  }
  return new Map([...batch].map(([name, documents]) => [name, [...documents.values()]]));
};

/** Bodies are JSON already and go in as they are; orders are alike, so a batch shrinks to a tenth or so. */
export const encodeBatch = (batch: Batch): Promise<Buffer> => {
  const parts: string[] = [];
  for (const [name, documents] of batch)
    for (const { _id, revision, fields, body } of documents) {
      const head = JSON.stringify([name, _id, revision, fields]);
      parts.push(`${head.slice(0, -1)},${body}]`);
    }
  return compress(Buffer.from(`[${parts.join(',')}]`));
};

export const decodeBatch = async (bytes: Uint8Array): Promise<Batch> => {
  type Entry = readonly [name: string, id: string, revision: number, fields: Record<string, FieldValue>, body: JsonObject];
  const batch = new Map<string, StoredForm[]>();
  for (const [name, _id, revision, fields, body] of JSON.parse((await decompress(bytes)).toString()) as readonly Entry[]) {
    let documents = batch.get(name);
    if (!documents) batch.set(name, (documents = []));
    documents.push({ _id, revision, fields, body: JSON.stringify(body) });
  }
  return batch;
};

/** How documents are replaced: how many with one command, and how many commands at once. */
export interface ReplaceLimits {
  readonly perCommand: number;
  readonly atOnce: number;
}
const MONGODB: ReplaceLimits = { perCommand: MAX_DOCUMENTS, atOnce: 1 };
/** FerretDB 1.24 holds a connection of its own back end for each replacement until the command ends, and stands still when it has no more. */
const FERRETDB: ReplaceLimits = { perCommand: 3, atOnce: 4 };

/** Documents known to be there; of the many that have ended, nobody writes again. */
const REMEMBERED_DOCUMENTS = 20_000;

/** Where batches are put, by one process. */
export interface Places {
  readonly db: Db;
  readonly limits: ReplaceLimits;
  /** `<collection> <id>` of documents that are there, written by this process; the others are taken for new until the server says otherwise. */
  readonly present: RecentMap<string, true>;
}

export const placesOf = (db: Db, limits: ReplaceLimits): Places => ({ db, limits, present: new RecentMap(REMEMBERED_DOCUMENTS) });

export const replaceLimitsOf = async (db: Db): Promise<ReplaceLimits> =>
  'ferretdbVersion' in (await db.command({ buildInfo: 1 })) ? FERRETDB : MONGODB;

/** Puts each document in its place unless one of the same or a higher revision is there. Doing it again changes nothing, however late. */
export const applyBatch = async (places: Places, batch: Batch): Promise<void> => {
  for (const [name, documents] of batch) await applyTo(places, name, documents);
};

const applyTo = async (places: Places, name: string, documents: readonly StoredForm[]): Promise<void> => {
  for (let at = 0; at < documents.length; ) {
    const part: StoredForm[] = [];
    for (let characters = 0; at < documents.length && part.length < MAX_DOCUMENTS && characters < MAX_CHARACTERS; at += 1) {
      const document = documents[at] as StoredForm;
      characters += document.body.length;
      part.push(document);
    }
    await applyPart(places, name, part);
  }
};

/**
 * A document is new, or one that this process wrote before. Looking which would be a round trip more for each batch, and FerretDB reads the
 * whole collection for it; so what is not known is inserted, and replaced where the server refuses it.
 */
const applyPart = async ({ db, limits, present }: Places, name: string, documents: readonly StoredForm[]): Promise<void> => {
  const known = ({ _id }: StoredForm): boolean => present.get(`${name} ${_id}`) === true;
  const fresh = documents.filter((document) => !known(document));
  if (fresh.length > 0 && (await send(db, { insert: name, documents: fresh, ordered: false })).taken.length > 0)
    await replaceAll(db, name, fresh, limits);
  await replaceAll(db, name, documents.filter(known), limits);
  for (const { _id } of documents) present.set(`${name} ${_id}`, true);
};

const replaceAll = async (db: Db, name: string, documents: readonly StoredForm[], { perCommand, atOnce }: ReplaceLimits): Promise<void> => {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < documents.length) await replaceLower(db, name, documents.slice(next, (next += perCommand)));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};

/**
 * Where a document of the same or a higher revision is, the filter finds nothing, the upsert inserts, and the id is taken: there is nothing to
 * do. FerretDB stops at the first taken id even so, and goes on behind it when told again.
 */
const replaceLower = async (db: Db, name: string, documents: readonly StoredForm[]): Promise<void> => {
  for (let left = documents; left.length > 0; ) {
    const updates = left.map((document) => ({ q: { _id: document._id, revision: { $lt: document.revision } }, u: document, upsert: true }));
    const { done, taken } = await send(db, { update: name, updates, ordered: false });
    const last = taken.at(-1);
    if (last === undefined || done + taken.length >= left.length) return;
    left = left.slice(last + 1);
  }
};

interface Reply {
  readonly n?: number;
  readonly writeErrors?: readonly { readonly index: number; readonly code: number; readonly errmsg: string }[];
  readonly writeConcernError?: { readonly code: number; readonly errmsg: string };
}

/** @returns how many were written, and the places of those whose id was taken */
const send = async (db: Db, command: Document): Promise<{ readonly done: number; readonly taken: readonly number[] }> => {
  const reply = (await db.command({ ...command, writeConcern: { w: 'majority', j: true } })) as Reply;
  const errors = reply.writeErrors ?? [];
  const failed = errors.find(({ code }) => code !== DUPLICATE_KEY) ?? reply.writeConcernError;
  if (failed) throw Object.assign(new Error(failed.errmsg), { code: failed.code });
  return { done: reply.n ?? 0, taken: errors.map(({ index }) => index).toSorted((a, b) => a - b) };
};
