import { cacheLife, cacheTag } from 'next/cache'
import { Suspense } from 'react'
import { openTrades } from '../../trades.js'

/** Read once, and then when an update has come. */
async function priceOf(id) {
  'use cache'
  cacheLife('max')
  cacheTag(`TRADE:${id}`)
  globalThis.trades ??= openTrades()
  return globalThis.trades.prepare('select PRICE from TRADE where ID = ?').get(id)?.PRICE ?? null
}

async function Price({ params }) {
  const { id } = await params
  return <p>{`${id}: ${await priceOf(id)}`}</p>
}

export default function Page({ params }) {
  return (
    <Suspense fallback={<p>…</p>}>
      <Price params={params} />
    </Suspense>
  )
}
