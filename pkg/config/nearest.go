package config

import "strings"

// nearest returns the candidate that word was probably meant to be, or "": the
// one with the smallest edit distance, if that is at most a third of its
// length.
func nearest(word string, candidates []string) string {
	word = strings.ToLower(word)
	best, bestDistance := "", 0
	for _, candidate := range candidates {
		d := distance(word, strings.ToLower(candidate))
		if d <= max(1, len(candidate)/3) && (best == "" || d < bestDistance) {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// didYouMean returns "; did you mean X?", or "" if nothing is near.
func didYouMean(word string, candidates []string) string {
	if best := nearest(word, candidates); best != "" {
		return "; did you mean " + best + "?"
	}
	return ""
}

// maxWord is the longest word that is worth comparing.
const maxWord = 64

// distance returns the number of bytes to insert, delete, replace or swap with
// their neighbour to make b of a (optimal string alignment).
func distance(a, b string) int {
	if len(a) > maxWord || len(b) > maxWord {
		return max(len(a), len(b))
	}
	var before, last, row [maxWord + 1]int
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			differs := 1
			if a[i-1] == b[j-1] {
				differs = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differs)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
