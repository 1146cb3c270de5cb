/** What predictions rest on: how fast an engine is, as it has measured itself. */
import { type Json, type JsonObject } from '@attn/core';
import { isPlausible } from '@attn/core/backend';
import { MOST_HELPERS } from './control.ts';

/** How fast an engine is. */
export interface EngineSpeed {
  /** Operations of products per millisecond of one thread. */
  readonly rate: number;
  /** Nanoseconds of copying a number into the heap. */
  readonly copyNs: number;
  /** How many times as fast all threads are as one: 1 to as many as there are. */
  readonly gain: number;
  /** Milliseconds of a job on all threads beside its tasks: until all are at work, and until all have ended. */
  readonly wakingMs: number;
}

/** The same with the number of threads. */
export interface CrewSpeed extends EngineSpeed {
  readonly threads: number;
}

/** The machine that the constants of predictions are from, on one thread. */
export const REFERENCE: EngineSpeed = { rate: 5e7, copyNs: 0.15, gain: 1, wakingMs: 0.02 };

/** Threads that take longer than this to wake up were kept from it by something else. */
const LONGEST_WAKING_MS = 1000;

/** What an earlier measurement found, or undefined when this is none. */
export function knownSpeed(json: Json | undefined): EngineSpeed | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const { rate, copyNs, gain, wakingMs } = json as JsonObject;
  const isKnown =
    isPlausible(rate, REFERENCE.rate) &&
    isPlausible(copyNs, REFERENCE.copyNs) &&
    isIn(gain, 1, MOST_HELPERS + 1) &&
    isIn(wakingMs, 0, LONGEST_WAKING_MS);
  return isKnown ? { rate, copyNs, gain, wakingMs } : undefined;
}

function isIn(value: Json | undefined, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}
