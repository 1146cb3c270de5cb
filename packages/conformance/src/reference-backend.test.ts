/**
 * The reference keeps the contract, agrees with the original code on every
 * golden, and has the properties. (Of the cases it is the expectation
 * itself; `tolerance/float32.test.ts` runs those on another implementation. Random calls are few by default
 * for the same reason.)
 */
import { describeConformance } from './vitest.ts';
import { referenceBackend } from './reference-backend.ts';

describeConformance(() => referenceBackend(), { cases: '!attn:*', brief: { oneCallIn: 4 } });
