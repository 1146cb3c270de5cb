/**
 * All attention cases: over 1,000, nearly all of a few kilobytes, so that the list runs in seconds on plain
 * JavaScript.
 */
import type { ConformanceCase } from '../case.ts';
import { biasCases } from './attention/bias.cases.ts';
import { globalCases } from './attention/global.cases.ts';
import { longCases } from './attention/long.cases.ts';
import { maskCases } from './attention/mask.cases.ts';
import { nonfiniteCases } from './attention/nonfinite.cases.ts';
import { patternCases } from './attention/pattern.cases.ts';
import { rangeCases } from './attention/range.cases.ts';
import { shapeCases } from './attention/shape.cases.ts';
import { scoreCases } from './attention/score.cases.ts';
import { sinkCases } from './attention/sink.cases.ts';
import { windowCases } from './attention/window.cases.ts';

export const attentionCaseList: readonly ConformanceCase[] = [
  ...windowCases,
  ...globalCases,
  ...maskCases,
  ...shapeCases,
  ...biasCases,
  ...patternCases,
  ...nonfiniteCases,
  ...rangeCases,
  ...sinkCases,
  ...scoreCases,
  ...longCases,
];
