export { default } from './browser.mjs';
