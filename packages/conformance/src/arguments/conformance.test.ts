/** The public functions of the suite. */
import * as rows from '../rows.ts';
import * as properties from '../properties/index.ts';
import * as suite from '../index.ts';
import { describeFunctions } from './describe-functions.ts';

const SUITE = 'takes what other functions of the suite return';
const AUTHOR = 'is for authors of cases, whose types say what fits';

const [first] = suite.allCases;

describeFunctions([suite, rows, properties], {
  attentionCases: AUTHOR,
  opCases: AUTHOR,
  caseId: AUTHOR,
  isInPart: { args: () => [{ part: 0, of: 2 }, 'attn:attention'] },
  isInHalf: { args: () => [0, 'attn:attention'] },
  matches: { args: () => ['attn:*', 'attn:attention'] },
  selectCases: { args: () => ['attn:*', [first]], depth: 1 },
  oracle: SUITE,
  compareOutput: SUITE,
  runCase: SUITE,
  suite: { args: () => [] },
  verdict: SUITE,
  planProblem: SUITE,
  formatReport: SUITE,
  referenceBackend: { args: () => [() => ({})] },
  goldenCalls: SUITE,
  goldenEntries: { args: () => [] },
  goldenId: SUITE,
  goldenMismatch: SUITE,
  readGolden: SUITE,
  runGolden: SUITE,
  greatestRowError: SUITE,
  rowDifferences: SUITE,
  sampleRows: AUTHOR,
  checkPlans: 'takes no arguments, and seconds',
});
