// Opens pages in a real Chromium, in both themes, on a phone and a projector, and lets axe look at
// them. Beside axe: nothing may be wider than the screen, and whatever Tab reaches shows its focus.
import axe from 'axe-core'
import puppeteer from 'puppeteer-core'

const [browserPath, base, shots, ...paths] = process.argv.slice(2)
const SCREENS = { phone: [390, 844], projector: [1920, 1080] }
const browser = await puppeteer.launch({
  executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu'],
})
const found = { pages: paths.length, looks: 0, findings: [], too_wide: [], without_focus: [] }

async function focused(page) {
  return page.evaluate(() => {
    const one = document.activeElement
    if (!one || one === document.body) return null
    const style = getComputedStyle(one)
    const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
    return { name: `${one.tagName} ${one.textContent.trim().slice(0, 30)}`, seen }
  })
}

for (const path of paths) {
  for (const [screen, [width, height]] of Object.entries(SCREENS)) {
    for (const theme of ['light', 'dark']) {
      const page = await browser.newPage()
      await page.setViewport({ width, height })
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }])
      const answer = await page.goto(base + path, { waitUntil: 'load', timeout: 60000 })
      const where = `${path} ${screen} ${theme}`
      if (!answer.ok()) throw new Error(`${where} answered ${answer.status()}`)
      if (shots) {
        const name = `${path.replace(/^\/|\/$/g, '').replace(/[^\w]+/g, '_') || 'first'}`
        await page.screenshot({ path: `${shots}/${name}.${screen}.${theme}.png`, fullPage: true })
      }
      for (const each of await page.$$('details')) await each.evaluate((one) => { one.open = true })
      await page.evaluate(axe.source)
      const result = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }))
      for (const each of result.violations) {
        found.findings.push({
          where, id: each.id, impact: each.impact, help: each.help,
          nodes: each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)),
        })
      }
      const over = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      if (over > 0) found.too_wide.push(`${where}: ${over} px`)
      if (screen === 'projector') {
        await page.evaluate(() => document.activeElement.blur())
        for (let steps = 0; steps < 120; steps += 1) {
          await page.keyboard.press('Tab')
          const here = await focused(page)
          if (here === null) break
          if (!here.seen) found.without_focus.push(`${where}: ${here.name}`)
        }
      }
      found.looks += 1
      await page.close()
    }
  }
  process.stderr.write(`${path}\n`)
}
await browser.close()
console.log(JSON.stringify(found))
