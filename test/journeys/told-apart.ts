import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

/** Says at the end which journeys were made and which were skipped, and of the latter why: nothing that was skipped has passed. */
export default class ToldApart implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const journeys = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number => journeys.filter((journey) => journey.result().state === state).length;
    const skipped = journeys.filter((journey) => journey.result().state === 'skipped');
    console.log(`\n${count('passed')} journeys passed, ${count('failed')} failed, ${skipped.length} were skipped.`);
    for (const [lack, those] of Map.groupBy(skipped, lackOf)) {
      console.log(`\n  ${lack}:`);
      for (const journey of those) console.log(`    ${journey.fullName}`);
    }
  }
}

/** Its own, or that of the room it is in. */
const lackOf = (journey: TestCase): string => {
  for (let told: TestCase | TestSuite | TestModule = journey; told.type !== 'module'; told = told.parent) {
    const { lack } = told.meta();
    if (lack !== undefined) return lack;
  }
  return 'no reason was given';
};
