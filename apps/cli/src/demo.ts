// What `npm run demo` shows.
export {};
