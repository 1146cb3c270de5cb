/**
 * Memory of a batch of heads: an area for each part that heads have, one head after another. Where all is done in turn, raw keys and
 * values lie where queries and results will be; where the host copies while helpers compute, each has its own place, and results two.
 */
import type { Frame } from '../ops/frame.ts';

/** Heads' parts start at multiples of a cache line. */
const ALIGNMENT = 64;

/** A part of all heads. */
export interface Area {
  readonly address: number;
  /** Of one head; 0 where it needs none. */
  readonly bytes: number;
}

/** Bytes that a query head or, as the last five, an owner of keys and values has. */
export interface PartBytes {
  readonly q: number;
  readonly out: number;
  /** Shift and sum of weights of each row, if anybody asks. */
  readonly states: number;
  readonly rawKeys: number;
  readonly rawValues: number;
  /** Packed. */
  readonly keys: number;
  readonly values: number;
  readonly finite: number;
}

/** The parts of a batch. */
export type Areas = { readonly [Part in keyof PartBytes]: Area };

/** Memory for batches. */
export interface PlacedAreas {
  /** Those of the first, third, … batch and those of the others, which differ in where results are if `overlaps`. */
  readonly byParity: readonly [Areas, Areas];
  /** What to free. */
  readonly address: number;
}

/** The address of a head's part; 0 where it needs none. */
export function partOf({ address, bytes }: Area, head: number): number {
  return bytes === 0 ? 0 : address + head * bytes;
}

/** Allocates memory for batches of at most so many query heads and owners. */
export function placeAreas(
  frame: Frame,
  bytes: PartBytes,
  { members, owners }: { readonly members: number; readonly owners: number },
  overlaps: boolean,
): PlacedAreas {
  let end = 0;
  const area = (part: keyof PartBytes, at: number): Area => {
    const head = ALIGNMENT * Math.ceil(bytes[part] / ALIGNMENT);
    const count = part === 'q' || part === 'out' || part === 'states' ? members : owners;
    end = Math.max(end, at + head * count);
    return { address: at, bytes: head };
  };
  const queryAt = end;
  const q = area('q', queryAt);
  const rawKeys = area('rawKeys', overlaps ? end : queryAt);
  const outAt = end;
  const out = area('out', outAt);
  const rawValues = area('rawValues', overlaps ? end : outAt);
  const keys = area('keys', end);
  const values = area('values', end);
  const finite = area('finite', end);
  const states = area('states', end);
  const other = overlaps ? { out: area('out', end), states: area('states', end) } : { out, states };
  const address = frame.allocate(end);
  const placed = (areas: Areas): Areas => {
    const entries = Object.entries(areas).map(([part, { address: at, bytes: head }]) => [
      part,
      { address: address + at, bytes: head },
    ]);
    return Object.fromEntries(entries) as Areas;
  };
  const shared = { q, rawKeys, rawValues, keys, values, finite };
  return { byParity: [placed({ ...shared, out, states }), placed({ ...shared, ...other })], address };
}
