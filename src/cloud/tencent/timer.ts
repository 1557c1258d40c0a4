/** Minutes that the platform's timer is armed for at least: it takes no less than five minutes by its own clock. */
export const leastMinutes = 6;
