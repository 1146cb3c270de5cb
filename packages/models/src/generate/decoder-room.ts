/**
 * How many places the rows of a decoder have. Each number of places is a graph, which a backend compiles, and
 * may pack the model's weights for. Places that are not filled yet cost time, because each step reads them.
 * So there are few numbers, and as many places at first as cost little beside what a step reads anyway.
 */
import type { Graph } from '@attn/core';
import { byteLengthOf } from '@attn/core/backend';
import { powerAbove } from '../cached/pieces.ts';

/** Most places for which there is room at first only because a prompt is long. */
const MOST_AT_FIRST = 2048;

/** The part of what a step reads that places at first may be. */
const SMALL_PART = 1 / 16;

/** Places that every decoder has at first. */
const USUAL = 64;

/** What rows need room for. */
export interface Needs {
  /** Tokens of the prompt. */
  readonly length: number;
  /** Tokens that a run of the prompt adds. */
  readonly piece: number;
  /** Most tokens of a row. */
  readonly maxLength: number;
  /** New tokens for which there is room at first. Default: as many as cost little. */
  readonly firstCapacity?: number | undefined;
}

/** The least of the numbers 1, 2, 3, 4, 6, 8, 12, 16, 24 … that is not below a number. */
export function roomAbove(number: number): number {
  const power = powerAbove(number);
  return power > 2 && number <= 0.75 * power ? 0.75 * power : power;
}

/** The greatest of these numbers that is not above a number from 1 on. */
function roomBelow(number: number): number {
  const power = 2 ** Math.floor(Math.log2(number));
  return power > 1 && number >= 1.5 * power ? 1.5 * power : power;
}

/** All places that rows may need. */
export function mostRoom({ length, piece, maxLength, firstCapacity = USUAL }: Needs): number {
  const places = Math.max(maxLength, piece * Math.ceil(length / piece));
  return Math.max(firstCapacity, roomAbove(places));
}

/**
 * The places at first.
 *
 * @param stepWith gives the graph of a step of rows with so many places
 * @param rowStates the names of its states that have a place for each token of a row
 */
export function firstRoom(
  needs: Needs,
  stepWith: (capacity: number) => Graph,
  rowStates: readonly string[],
): number {
  const { length, piece, firstCapacity } = needs;
  const least = firstCapacity ?? USUAL;
  const most = mostRoom(needs);
  const behind = Math.max(piece, Math.min(powerAbove(length + least), most, MOST_AT_FIRST));
  const enough = piece === 1 ? least : behind;
  if (firstCapacity !== undefined || enough >= most) return enough;
  const { perPlace, others } = bytesRead(stepWith(enough), rowStates, enough);
  const cheap = Math.max(1, (SMALL_PART * others) / perPlace);
  return Math.max(enough, Math.min(most, roomBelow(cheap)));
}

/** Bytes that a step reads: for each place of its rows, and beside them. */
function bytesRead(
  { constants, states, values }: Graph,
  rowStates: readonly string[],
  capacity: number,
): { readonly perPlace: number; readonly others: number } {
  let [rows, others] = [0, 0];
  for (const id of constants.keys()) others += byteLengthOf(values[id]);
  for (const [name, id] of states) {
    if (rowStates.includes(name)) rows += byteLengthOf(values[id]);
    else others += byteLengthOf(values[id]);
  }
  return { perPlace: rows / capacity, others };
}
