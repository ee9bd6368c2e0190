/** Why something does not hold where files are on a host. */

export function seconds() {
  const why = "SFTP has whole seconds"
  return { sandbox: why, openssh: why, fleet: why }
}

export function inodes() {
  const why = "SFTP tells nothing of devices, inodes, links and blocks"
  return { sandbox: why, openssh: why, fleet: why }
}

export function needless() {
  const why = "nothing to write is written at once"
  return { manager: why, memory: why, sandbox: why, openssh: why, fleet: why }
}

export function links() {
  const why = "links are listed, not entered: they may go round"
  return { manager: why, memory: why, sandbox: why, openssh: why, fleet: why }
}

export function verbatim() {
  const why = "links are copied as they are"
  return { memory: why, sandbox: why, openssh: why, fleet: why }
}
