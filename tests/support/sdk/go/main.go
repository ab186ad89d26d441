// A program as people write them, with Go's usual OAuth library, told only another address.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	config := clientcredentials.Config{
		ClientID:     os.Getenv("CLIENT"),
		ClientSecret: os.Getenv("SECRET"),
		TokenURL:     fmt.Sprintf("%s/%s/oauth2/v2.0/token", os.Getenv("AUTHORITY"), os.Getenv("TENANT")),
		Scopes:       []string{os.Getenv("SCOPE")},
	}
	token, err := config.Token(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"token": token.AccessToken, "type": token.TokenType, "lasts": !token.Expiry.IsZero()})
}
