// Sums JSON reports of vitest: `N passed, N failed, N skipped`, below every failure with its message. A test that one run
// skipped and another ran is counted as it ran. Exit code 1 when a test failed or none ran.
import { readFileSync } from "node:fs"

const weight = { skipped: 0, passed: 1, failed: 2 }
const results = new Map()
const failures = []
const note = (name, status, messages = []) => {
  if (status === "failed") failures.push(`${name}\n${messages.join("\n").slice(0, 3000)}`)
  const before = results.get(name)
  if (before === undefined || weight[before] < weight[status]) results.set(name, status)
}

for (const path of process.argv.slice(2)) {
  let report
  try {
    report = JSON.parse(readFileSync(path, "utf8"))
  } catch {
    // A run that died before it could report is a failed part of its own.
    continue
  }
  for (const file of report.testResults) {
    const seen = new Map()
    for (const test of file.assertionResults) {
      const name = JSON.stringify([file.name, ...test.ancestorTitles, test.title])
      // Two tests of one name are two.
      const nth = (seen.get(name) ?? 0) + 1
      seen.set(name, nth)
      const status = test.status === "passed" || test.status === "failed" ? test.status : "skipped"
      note(`${name}${nth}`, status, test.failureMessages)
    }
    // A file that could not be loaded, or a hook of it that failed, has no failed test of its own.
    if (file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")) {
      note(file.name, "failed", [file.message ?? ""])
    }
  }
}

for (const failure of failures) console.log(`\nfailed: ${failure}`)
const count = (status) => [...results.values()].filter((each) => each === status).length
console.log(`${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`)
process.exitCode = count("failed") > 0 || count("passed") === 0 ? 1 : 0
