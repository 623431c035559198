import { chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { programPath } from './program-path.ts'

/** A page of a real browser, with what it has complained of. The browser ends with the test. */
export async function openChromium(): Promise<{ page: Page; complaints: string[] }> {
  const executablePath = programPath('chromium')
  if (executablePath === null) throw new Error('there is no chromium')
  // Its own sandbox needs what containers and root do not give.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('pageerror', ({ message }) => complaints.push(message))
  return { page, complaints }
}
