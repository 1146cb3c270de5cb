// In a runtime with a command line: runs the suite as the argument says, and prints what was found as the
// last line.
import { runSuite } from './run-suite.mjs';

const report = await runSuite(JSON.parse(process.argv[2]), (done, all) => {
  if (done % 50 === 0) console.error(`${done} of ${all}`);
});
console.log(JSON.stringify(report));
process.exit(0);
