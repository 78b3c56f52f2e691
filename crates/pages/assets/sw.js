// Keeps hashed static files and the offline page, never an answer about a person.
const cacheName = "static-@{version}";
const kept = ["/offline.html", @{precache}];
addEventListener("install", event => {
  event.waitUntil(caches.open(cacheName).then(cache => cache.addAll(kept)).then(() => skipWaiting()));
});
addEventListener("activate", event => {
  event.waitUntil(caches.keys()
    .then(names => Promise.all(names.filter(name => name !== cacheName).map(name => caches.delete(name))))
    .then(() => clients.claim()));
});
addEventListener("fetch", event => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match("/offline.html")));
  } else if (kept.includes(url.pathname) && url.pathname.startsWith("/a/")) {
    event.respondWith(caches.match(request).then(hit => hit ?? fetch(request)));
  }
});
