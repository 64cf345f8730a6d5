/** What the browser's tab shows: title and icon change with raised alerts and with staleness. */

export type TabMark = 'calm' | 'alert' | 'stale';

/** Set title and icon; an alert outweighs staleness in the icon, since alarms stay visible. */
export function markTab(title: string, mark: TabMark): void {
  document.title = title;
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const address = `/icon-${mark}.svg`;
  if (link !== null && link.getAttribute('href') !== address) link.setAttribute('href', address);
}
