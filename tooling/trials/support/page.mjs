// In a page: lends the suite to whoever drives the browser.
import { runSuite } from './run-suite.mjs';

globalThis.runSuite = runSuite;
