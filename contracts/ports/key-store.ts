export interface SubjectKey {
  /** Random; what `SealedData.keyId` names. */
  readonly keyId: string;
  /** 32 bytes, AES-256. */
  readonly key: Uint8Array;
}

/**
 * Keys and secrets, apart from the log and from its backups. Durable before any call resolves. A key that is
 * missing means its subject was erased: readers show "erased", they do not fail.
 */
export interface KeyStore extends AsyncDisposable {
  /** The subject's current key; drawn and stored when there is none. Concurrent first callers get the same one. */
  subjectKey(subject: string): Promise<SubjectKey>;
  /** By key id; what is absent in the answer was erased (or never existed). */
  keys(keyIds: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Destroys all keys of a subject; a later order of the same subject gets a new one. Returns how many there were. */
  eraseSubject(subject: string): Promise<number>;

  /** Named secrets: signing keys, webhook secrets, client-secret hashes. */
  secret(name: string): Promise<Uint8Array | undefined>;
  /** Stores it, replacing what was there. */
  putSecret(name: string, value: Uint8Array): Promise<void>;
  /** Stores it unless there is one; returns the one that stands. */
  createSecret(name: string, value: Uint8Array): Promise<Uint8Array>;
  deleteSecret(name: string): Promise<void>;
}
