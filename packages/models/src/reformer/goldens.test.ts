// Every Reformer golden, with the rotations that the original drew.
import { testGoldens } from '../testing/goldens-suite.testing.ts';
import { GOLDENS, callGolden } from './goldens.testing.ts';

testGoldens(GOLDENS, callGolden);
