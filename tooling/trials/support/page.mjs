// In a page: offers the suite to the program that drives the browser.
import { runSuite } from './run-suite.mjs';

globalThis.runSuite = runSuite;
