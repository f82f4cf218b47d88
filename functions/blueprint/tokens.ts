/** How long an access token is good for, whatever becomes of its owner meanwhile: nobody asks Cognito again. */
export const accessTokenMinutes = 60;
