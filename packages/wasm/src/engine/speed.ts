/** The speed of an engine, as it has measured it: predicted times rest on it. */
import { type Json, type JsonObject } from '@attn/core';
import { isPlausible } from '@attn/core/backend';
import { MAX_HELPERS } from './control.ts';

/** How fast an engine is. */
export interface EngineSpeed {
  /** Operations of products per millisecond on one thread. */
  readonly rate: number;
  /** Nanoseconds to copy a number into the heap. */
  readonly copyNs: number;
  /** How many times as fast all threads are as one thread: from 1 to the number of threads. */
  readonly gain: number;
  /**
   * Milliseconds that a job on all threads takes beside its tasks: until all are at work, and until all end.
   */
  readonly wakingMs: number;
}

/** How fast the threads of an engine are, and how many there are. */
export interface CrewSpeed extends EngineSpeed {
  readonly threads: number;
}

/** The speed of one thread of the machine on which the constants of predictions were measured. */
export const DEFAULT_SPEED: EngineSpeed = { rate: 5e7, copyNs: 0.15, gain: 1, wakingMs: 0.02 };

/** The longest plausible `wakingMs`: threads that take longer were delayed by something else. */
const MAX_WAKING_MS = 1000;

/** Reads the result of an earlier measurement; undefined when it is none or not plausible. */
export function parseSpeed(json: Json | undefined): EngineSpeed | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const { rate, copyNs, gain, wakingMs } = json as JsonObject;
  const isSpeed =
    isPlausible(rate, DEFAULT_SPEED.rate) &&
    isPlausible(copyNs, DEFAULT_SPEED.copyNs) &&
    isIn(gain, 1, MAX_HELPERS + 1) &&
    isIn(wakingMs, 0, MAX_WAKING_MS);
  return isSpeed ? { rate, copyNs, gain, wakingMs } : undefined;
}

function isIn(value: Json | undefined, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}
