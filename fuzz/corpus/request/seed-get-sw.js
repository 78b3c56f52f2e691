GET /sw.js






