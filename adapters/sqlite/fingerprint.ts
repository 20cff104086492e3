/**
 * 53 bits of a name, for indexes of 8 bytes where the name itself would take 42: with random names (order ids) every insert
 * touches a random page of its index, so a narrow one keeps the cost of a new stream flat. Two names may share a fingerprint;
 * whoever looks one up compares the name too. Stored in databases: the function never changes.
 */
export const fingerprint = (name: string): number => {
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let index = 0; index < name.length; index += 1) {
    const unit = name.charCodeAt(index);
    low = Math.imul(low ^ unit, 2654435761);
    high = Math.imul(high ^ unit, 1597334677);
  }
  const mixedLow = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  const mixedHigh = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(mixedLow ^ (mixedLow >>> 13), 3266489909);
  return 4_294_967_296 * (mixedHigh & 0x1f_ffff) + (mixedLow >>> 0);
};
