/**
 * Promises of a backend beside numbers: its errors, overlapping runs, views as
 * inputs, its end. See the documentation of `Backend` and `Executable` in core.
 */
import { argumentsContract } from './arguments.contract.ts';
import { callContract } from './call.contract.ts';
import type { ContractCase } from './contract.ts';
import { courseContract } from './course.contract.ts';
import { endContract } from './end.contract.ts';
import { inputsContract } from './inputs.contract.ts';
import { outputsContract } from './outputs.contract.ts';
import { stateAttentionContract } from './state-attention.contract.ts';
import { stateContentContract } from './state.contract.ts';
import { stateCourseContract } from './state-course.contract.ts';
import { timeContract } from './time.contract.ts';

export type { ContractCase, MakeBackend } from './contract.ts';

/** All promises. */
export const contractCases: readonly ContractCase[] = [
  ...callContract,
  ...argumentsContract,
  ...courseContract,
  ...endContract,
  ...inputsContract,
  ...outputsContract,
  ...timeContract,
  ...stateContentContract,
  ...stateAttentionContract,
  ...stateCourseContract,
];
