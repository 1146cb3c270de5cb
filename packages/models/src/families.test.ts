// Families are recognised without their code as with it.
import { describe, expect, test } from 'vitest';
import { FAMILIES, findFamily } from './families.ts';
import { familyTypes } from './checkpoint/family-names.ts';

describe.each(FAMILIES)('$name', (entry) => {
  test('is what its code says', async () => {
    const family = await entry.open();
    expect(family.name).toBe(entry.name);
    for (const type of [...familyTypes(), 'another']) {
      const config = { model_type: type };
      expect([type, entry.recognises(config)]).toEqual([type, family.recognises(config)]);
    }
  });
});

test('each model_type is of one family', async () => {
  for (const type of familyTypes()) {
    const families = FAMILIES.filter((family) => family.recognises({ model_type: type }));
    expect(families.length, String(type)).toBeLessThan(2);
    expect(await findFamily({ model_type: type })).toBe(await families[0]?.open());
  }
  expect(await findFamily({})).toBeUndefined();
});
