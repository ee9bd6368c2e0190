/**
 * The verdict on the Python of a machine, beside that of the manager.
 *
 * @since 0.1.0
 */
import * as DoctorFinding from "./DoctorFinding.ts"
import { type Report, value, values } from "./doctorReport.ts"

const installers: ReadonlyArray<readonly [family: RegExp, command: (packages: string) => string]> = [
  [/debian|ubuntu/, (packages) => `sudo apt install ${packages}`],
  [/fedora|rhel|centos/, () => "sudo dnf install python3"],
  [/suse/, () => "sudo zypper install python3"],
  [/alpine/, () => "sudo apk add python3"],
  [/arch/, () => "sudo pacman -S python"]
]

const install = (report: Report, packages: string): string => {
  const found = installers.find(([family]) => family.test(value(report, "family") ?? ""))
  return found?.[1](packages) ?? "install Python 3.8 or later there, or uv"
}

const minor = (version: string | undefined): string | undefined => /^\d+\.\d+/.exec(version ?? "")?.[0]

const isOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major < 3 || (major === 3 && minor < 8)
}

/**
 * Of a machine; `manager` is what the manager's own said, where that is another one. A manager does without, as long as it
 * starts no cluster.
 *
 * @internal
 */
export const verdict = (
  host: string,
  report: Report,
  manager: Report | undefined
): DoctorFinding.DoctorFinding => {
  const say = DoctorFinding.on(host)
  const isManager = manager === undefined
  const lacking = isManager ? "warning" : "problem"
  const typed = (command: string) => isManager || !command.startsWith("sudo") ? command : `ssh -t ${host} ${command}`
  const version = value(report, "python")
  const uv = value(report, "uv")
  const fails = value(report, "pythonFails")
  if (version === undefined) {
    const mend = typed(install(report, "python3 python3-venv"))
    return fails === undefined
      ? say("python", lacking, "no python3: clusters and functions in Python need one", mend)
      : say("python", lacking, `python3 fails: ${fails}`, mend)
  }
  const packages = values(report, "package")
  const detail = [
    `${version} at ${value(report, "pythonPath") ?? "python3"}`,
    ...(uv === undefined ? [] : [`uv at ${uv}`]),
    ...(packages.length === 0 ? [] : [`has ${packages.join(", ")}`])
  ].join(", ")
  if (isOld(version) && uv === undefined) {
    return say("python", lacking, `${detail}: 3.8 is the oldest that will do`, typed(install(report, "python3")))
  }
  const missing = ["venv", "ensurepip"].filter((name) => value(report, name) !== "yes")
  if (missing.length > 0 && uv === undefined) {
    return say(
      "python",
      lacking,
      `${detail}: without ${missing.join(" and ")}, so no environment can be made`,
      `${typed(install(report, "python3-venv"))}; or put uv on its PATH`
    )
  }
  const [ours, theirs] = [minor(manager && value(manager, "python")), minor(version)]
  return ours === undefined || ours === theirs
    ? say("python", "ok", detail)
    : say(
      "python",
      "warning",
      `${detail}; this machine has ${ours}: Dask wants one minor version everywhere`,
      `install Python ${ours} there or ${theirs ?? version} here: \`uv python install ${ours}\` needs no root`
    )
}
