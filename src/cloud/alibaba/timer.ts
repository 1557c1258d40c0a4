/** Minutes that the platform's timer is armed for at least: it takes no less than half an hour by its own clock. */
export const leastMinutes = 31;
