import type { KnownBlock, View } from '@slack/types';
import type {
  AuthTestResponse, ChatPostMessageArguments, ChatPostMessageResponse, ConversationsHistoryResponse,
  ConversationsInfoResponse, UsersInfoResponse, ViewsOpenResponse, PinsListResponse, BookmarksAddResponse, FilesInfoResponse, UsergroupsListResponse,
} from '@slack/web-api';
export type Blocks = KnownBlock[];
export type SlackView = View;
export type PostMessage = ChatPostMessageArguments;
export type auth_test = AuthTestResponse;
export type chat_postMessage = ChatPostMessageResponse;
export type conversations_history = ConversationsHistoryResponse;
export type conversations_info = ConversationsInfoResponse;
export type users_info = UsersInfoResponse;
export type views_open = ViewsOpenResponse;
export type pins_list = PinsListResponse;
export type bookmarks_add = BookmarksAddResponse;
export type files_info = FilesInfoResponse;
export type usergroups_list = UsergroupsListResponse;
