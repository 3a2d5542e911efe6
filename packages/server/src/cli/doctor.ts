import { examineDatabase, type Finding } from '../boot/checkup.ts'
import type { Command } from './command.ts'
import { examineCertificate } from './doctor/certificate.ts'
import { examineDirectory, examineLimits, examineSecrets } from './doctor/machine.ts'
import { examineServer, examineSettings, examineWay, type Vital } from './doctor/network.ts'
import { askRunning } from './operator.ts'

const marks = { ok: 'ok      ', warning: 'warning ', fault: 'FAULT   ' }

/** Looks at everything that usually goes wrong, changes nothing, and ends with 1 if a fault was found. */
export const doctor: Command = async ({ config }) => {
  const vital = (await askRunning(config, { vital: true })) as Vital | null
  const parts: (() => Finding[] | Promise<Finding[]>)[] = [
    () => examineDirectory(config),
    () => examineSecrets(config),
    () => examineSettings(config),
    () => examineCertificate(config),
    () => examineDatabase(config),
    () => examineServer(config, vital),
    () => examineLimits(vital?.pid ?? null),
    () => examineWay(config, vital),
  ]
  const counts = { ok: 0, warning: 0, fault: 0 }
  for (const part of parts) {
    for (const { level, text } of await part()) {
      counts[level] += 1
      console.log(marks[level] + text)
    }
  }
  console.log(counts.fault + counts.warning === 0 ? 'Nothing is wrong.' : `${counts.fault} faults, ${counts.warning} warnings.`)
  return counts.fault > 0 ? 1 : 0
}
