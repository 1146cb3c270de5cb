/** The plan of the pattern that is drawn: it follows the state of the page. */
import { computed, effect, signal } from '@preact/signals';
import type { PlanReport } from '../engine/draw-engine.ts';
import { engineOf, isAborted, sentenceOf } from '../engine/client.ts';
import { FieldError, type PatternJson } from '../pattern/kind.ts';
import { patternJson } from '../pattern/write.ts';
import { page } from '../state/store.ts';

/** The JSON of the pattern, or what is wrong with its options. */
export const written = computed<{ readonly json: PatternJson } | { readonly problem: string }>(() => {
  const { pattern, n } = page.value;
  try {
    return { json: patternJson(pattern, n) };
  } catch (error) {
    if (error instanceof FieldError) return { problem: error.message };
    throw error;
  }
});

/** The last plan that came to its end. `version` counts plans, so that pictures know when they are old. */
export const planned = signal<{
  readonly report: PlanReport;
  readonly n: number;
  readonly version: number;
}>();

/** What is wrong with the pattern; the last plan stays. */
export const problem = signal<string>();

/** Whether a plan is being made. */
export const isPlanning = signal(false);

/** Milliseconds without a change, after which a plan is made. */
const PAUSE_MS = 120;

let version = 0;

/** Plans whenever the pattern or its sizes change. Returns what ends it. */
export function followPattern(): () => void {
  return effect(() => {
    const current = written.value;
    const { n, heads } = page.value;
    if ('problem' in current) {
      problem.value = current.problem;
      return undefined;
    }
    const timer = setTimeout(() => void makePlan(current.json, n, heads), PAUSE_MS);
    return () => clearTimeout(timer);
  });
}

async function makePlan(json: PatternJson, n: number, heads: number): Promise<void> {
  const own = ++version;
  isPlanning.value = true;
  try {
    const report = await engineOf('draw').plan(json, { n, heads });
    if (own !== version) return;
    planned.value = { report, n, version: own };
    problem.value = undefined;
  } catch (error) {
    if (own === version && !isAborted(error)) problem.value = sentenceOf(error);
  } finally {
    if (own === version) isPlanning.value = false;
  }
}
