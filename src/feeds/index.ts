/** Feeds: lists on the network that sets are made of. They are fetched here; src/policy reads the copies. */
export { acceptHeld } from './accept.ts';
export { DEFAULT_LIMITS, type DownloadLimits } from './download.ts';
export { type FeedSet, feedSets } from './feed-set.ts';
export { createFeeds, type Feeds, type FeedsOptions } from './feeds.ts';
export { type FeedOutcome, fetchFeed } from './fetch-feed.ts';
export { type FeedStatus, feedStatus } from './status.ts';
