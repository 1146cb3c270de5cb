// In a runtime with a command line: runs the suite with the options of the argument, and prints the result as
// the last line.
import { runSuite } from './run-suite.mjs';

const result = await runSuite(JSON.parse(process.argv[2]), (done, all) => {
  if (done % 50 === 0) console.error(`${done} of ${all}`);
});
console.log(JSON.stringify(result));
process.exit(0);
