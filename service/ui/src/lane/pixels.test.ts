/** A picture is taken only in the version that the lane named. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fetchPixels, OtherVersion, versionOf } from './pixels';

afterEach(() => vi.unstubAllGlobals());

describe('versionOf', () => {
  it('reads the version that an ETag begins with', () => {
    expect(versionOf('"12-9f86d081884c7d65"')).toBe(12);
    expect(versionOf('W/"3-9f86d081884c7d65"')).toBe(3);
    expect(versionOf(null)).toBeNull();
    expect(versionOf('"deadbeef"')).toBeNull();
  });
});

describe('fetchPixels', () => {
  it('never takes the picture before for the one that was asked for', async () => {
    const before = new Response(new Blob(['pixels of the lorry before']), { headers: { ETag: '"11-9f86d081884c7d65"' } });
    vi.stubGlobal('fetch', () => Promise.resolve(before));
    await expect(fetchPixels('/x?version=12', 12, new AbortController().signal)).rejects.toBeInstanceOf(OtherVersion);
  });

  it('fails where there is none', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: 404 })));
    const asked = fetchPixels('/x?version=12', 12, new AbortController().signal);
    await expect(asked).rejects.not.toBeInstanceOf(OtherVersion);
  });
});
