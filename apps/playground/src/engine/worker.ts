/**
 * The worker in which all computing happens. Each part of the page has one of its own, so that a race does
 * not
 * hold up a drawing. Race and Read are loaded when they are first asked for.
 */
import * as Comlink from 'comlink';
import { AttnError } from '@attn/core';
import { plan, raster, type DrawSizes, type PlanReport, type Raster, type RasterJob } from './draw-engine.ts';
import type { PatternJson } from '../pattern/kind.ts';
import type { Machine } from './machine.ts';
import type { RaceJob, RaceReport, RaceStep } from './race-engine.ts';
import type { Reader } from './read-engine.ts';

/** An error in words: what is thrown across the border of a worker loses its class. */
async function inWords<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AttnError) throw Object.assign(new Error(error.sentence), { name: error.code });
    throw error instanceof Error ? error : new Error(String(error));
  }
}

let race: AbortController | undefined;

const engine = {
  plan: (pattern: PatternJson, sizes: DrawSizes): Promise<PlanReport> => inWords(() => plan(pattern, sizes)),

  async raster(job: RasterJob): Promise<Raster | undefined> {
    const picture = await inWords(() => raster(job));
    return picture && Comlink.transfer(picture, [picture.pixels.buffer]);
  },

  machine: async (): Promise<Machine> =>
    inWords(async () => (await import('./machine.ts')).describeMachine()),

  async race(
    job: RaceJob,
    onStep: (step: RaceStep) => void,
    measureMemory?: () => Promise<number | undefined>,
  ): Promise<RaceReport> {
    race = new AbortController();
    const { signal } = race;
    return inWords(async () =>
      (await import('./race-engine.ts')).runRace(job, { signal, onStep, measureMemory }),
    );
  },

  stopRace: (): void => race?.abort(),

  reader: async (): Promise<Reader & Comlink.ProxyMarked> =>
    inWords(async () => Comlink.proxy((await import('./read-engine.ts')).createReader(inWords))),
};

/** What the page calls. */
export type Engine = typeof engine;

Comlink.expose(engine);
