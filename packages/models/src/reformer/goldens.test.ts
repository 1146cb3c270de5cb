// Every Reformer golden, with the rotations that the original drew.
import { testGoldens } from '../goldens-suite.testing.ts';
import { GOLDENS, callGolden } from './goldens.testing.ts';

testGoldens(GOLDENS, callGolden);
