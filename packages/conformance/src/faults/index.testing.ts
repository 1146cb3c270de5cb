/**
 * Deliberately wrong backends, which prove that the suite notices faults.
 * Each is the reference with one fault that real kernels have had.
 */
import { attentionFaults } from './attention.testing.ts';
import type { Fault } from './fault.testing.ts';
import { lshFaults } from './lsh.testing.ts';
import { opFaults } from './op.testing.ts';
import { outputFaults } from './output.testing.ts';
import { quantizedFaults } from './quantized.testing.ts';
import { scoreFaults } from './score.testing.ts';
import { rangeFaults } from './range.testing.ts';

export type { Fault } from './fault.testing.ts';

export const faults: readonly Fault[] = [
  ...attentionFaults,
  ...outputFaults,
  ...opFaults,
  ...quantizedFaults,
  ...lshFaults,
  ...scoreFaults,
  ...rangeFaults,
];
