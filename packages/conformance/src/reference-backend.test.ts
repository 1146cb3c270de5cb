/** The reference passes its own suite: cases build, tolerances are numbers, goldens agree with the original code. */
import { describeConformance } from './vitest.ts';
import { referenceBackend } from './reference-backend.ts';

describeConformance(() => referenceBackend());
