/** Signs, 16 pixels wide, drawn in the colour of the text around them. */

const PATHS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
  stop: "M3.5 3.5h9v9h-9z",
  start: "M3 3h2v10H3zM13 3v10L6 8z",
  loop: "M4 4h7V1.8L14.5 5 11 8.2V6H4.5v2.5h-2V5.5A1.5 1.5 0 0 1 4 4zm8 8H5v2.2L1.5 11 5 7.8V10h6.5V7.5h2v3A1.5 1.5 0 0 1 12 12z",
  search:
    "M7 1.5a5.5 5.5 0 0 1 4.4 8.8l3 3-1.1 1.1-3-3A5.5 5.5 0 1 1 7 1.5zm0 1.6a3.9 3.9 0 1 0 0 7.8 3.9 3.9 0 0 0 0-7.8z",
  upload: "M8 1.5 12.5 6l-1.1 1.1-2.6-2.5V11H7.2V4.6L4.6 7.1 3.5 6zM2 12.4h12V14H2z",
  download: "M8 11 3.5 6.5l1.1-1.1 2.6 2.5V1.5h1.6v6.4l2.6-2.5 1.1 1.1zM2 12.4h12V14H2z",
  copy: "M5.5 1.5h8v9H11V8.9h.9V3.1H7.1V4H5.5zM2.5 5.5h8v9h-8zm1.6 1.6v5.8h4.8V7.1z",
  bin: "M6 1.5h4v1.6h3.5v1.6h-11V3.1H6zM3.5 6h1.6v6.9h5.8V6h1.6v8.5h-9zm3 0H8v5.5H6.5zm2.5 0h.01z",
  close: "M3.6 2.5 8 6.9l4.4-4.4 1.1 1.1L9.1 8l4.4 4.4-1.1 1.1L8 9.1l-4.4 4.4-1.1-1.1L6.9 8 2.5 3.6z",
  library: "M2 2.5h2.4v11H2zm3.6 0H8v11H5.6zm4 .4 2.3-.6 2.4 10.5-2.3.6z",
  compose: "M6 2.2 13.5 1v9.3a2.3 2 0 1 1-1.5-1.8V4.7L7.5 5.4v6.9A2.3 2 0 1 1 6 10.5z",
  jobs: "M2 3h12v2H2zm0 4h12v2H2zm0 4h8v2H2z",
  keys: "M5.2 4.5a3.5 3.5 0 0 1 3.3 2.3H14.5v2.4h-1.3v2h-2.3v-2H8.5A3.5 3.5 0 1 1 5.2 4.5zm0 2a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z",
  mixer:
    "M3 2h1.6v4H6v2.4H4.6V14H3V8.4H1.6V6H3zm4.2 0h1.6v7.6h1.4V12H8.8v2H7.2v-2H5.8V9.6h1.4zM11.4 2H13v2h1.4v2.4H13V14h-1.6V6.4H10V4h1.4z",
  split: "M7.2 14V9.6L3 5.4V8H1.4V2.6h5.4v1.6H4.2L8 8l3.8-3.8H9.2V2.6h5.4V8H13V5.4L8.8 9.6V14z",
  more: "M8 2.2a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3zm0 4.3a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3zm0 4.3a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3z",
  warn: "M8 1.5 15 14H1zm-.8 4.3v4h1.6v-4zm0 5.1v1.6h1.6v-1.6z",
  check: "m6.2 12.9-4.4-4.4 1.2-1.2 3.2 3.2L13 3.6l1.2 1.2z",
  back: "M9.8 2.5 11 3.6 6.6 8l4.4 4.4-1.2 1.1L4.3 8z",
  in: "M7.2 3.2h1.6v4h4v1.6h-4v4H7.2v-4h-4V7.2h4z",
  out: "M3.2 7.2h9.6v1.6H3.2z",
  help: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zm0 1.6a4.9 4.9 0 1 0 0 9.8 4.9 4.9 0 0 0 0-9.8zM7.2 10h1.6v1.6H7.2zM8 4.2a2.3 2.3 0 0 1 1 4.4c-.2.1-.3.2-.3.6H7.2c0-1.1.4-1.6 1.1-2A.8.8 0 1 0 7.2 6.500H5.700A2.3 2.3 0 0 1 8 4.200z",
  user: "M8 1.800a3.1 3.1 0 1 1 0 6.200 3.100 3.100 0 0 1 0-6.200zM2 14.200c0-3.200 2.700-5 6-5s6 1.800 6 5z",
} as const

export type IconName = keyof typeof PATHS

export const Icon = ({ name }: { name: IconName }) => (
  <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
    <path d={PATHS[name]} fill="currentColor" />
  </svg>
)
