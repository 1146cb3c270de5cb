'use client';
// The same call twice: in the browser, and in a route of the server.
import { useState } from 'react';
import { attend } from '../lib/attend.js';

export default function Page() {
  const [lines, setLines] = useState([]);
  const compute = async () => {
    const here = await attend(1024);
    const there = await (await fetch('/api/attention?n=1024')).json();
    setLines([
      `page: ${here.tokens} tokens by ${here.backend}`,
      `server: ${there.tokens} tokens by ${there.backend}`,
    ]);
  };
  return (
    <main>
      <button onClick={compute}>Compute</button>
      <output>{lines.join(', ')}</output>
    </main>
  );
}
